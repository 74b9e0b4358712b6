// The tests' main(): our own, so that a cross build needs no prebuilt Catch2 library with one in it.
#define CATCH_CONFIG_RUNNER

#include "support/catch.hpp"

int main(int argc, char** argv) {
    Catch::Session catch2;
    // A test case without an assertion fails; so does a name that selects no test, for which Catch2 2.13 returns 0:
    // ctest would take a test whose name it cannot pass on (with a semicolon) for passed.
    int warnings = catch2.configData().warnings | Catch::WarnAbout::NoAssertions;
#if defined(CATCH_VERSION_MAJOR) && CATCH_VERSION_MAJOR < 3
    warnings |= Catch::WarnAbout::NoTests;
#endif
    catch2.configData().warnings = static_cast<Catch::WarnAbout::What>(warnings);
    return catch2.run(argc, argv);
}

/// LLVM's OpenMP runtime forgets a list of its own where more threads work than there are processors.
extern "C" const char* __lsan_default_suppressions() { return "leak:libomp.so\n"; }
