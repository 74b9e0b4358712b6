#pragma once

// Catch2 2.13 and 3 under one name. Tests include this and use only what both offer, plus the names made equal here.
// A test case tagged [.long] runs only by `tests/run.sh --long`. Names of test cases hold no ; and no \, which ctest
// and Catch2 do not pass on to each other.

#if __has_include(<catch2/catch_all.hpp>)

#include <catch2/catch_all.hpp>

using Catch::Approx;
using Catch::Matchers::ContainsSubstring;

#else

#include <string>

#include <catch2/catch.hpp>

// Approx is in the global namespace already.
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }

#endif
