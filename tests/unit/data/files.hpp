#pragma once

#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

/// The message of the exception of type `E` that `action` throws; another type fails the test, and so does none.
template <class E, class Action>
std::string message_of(Action action) {
    try {
        action();
    } catch (const E& error) {
        return error.what();
    }
    FAIL("expected an exception, got none");
    return {};
}
