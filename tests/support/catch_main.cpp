// The tests' main(): our own, so that a cross build needs no prebuilt Catch2 library with one in it.
#define CATCH_CONFIG_RUNNER

#include "support/catch.hpp"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
