// The tests' main(): our own, so that a cross build needs no prebuilt Catch2 library with one in it.
#define CATCH_CONFIG_RUNNER

#include "support/catch.hpp"

int main(int argc, char** argv) {
    Catch::Session session;
    // A test case without an assertion fails; so does a name that selects no test, for which Catch2 2.13 returns 0:
    // ctest would take a test whose name it cannot pass on (with a semicolon) for passed.
    int warnings = session.configData().warnings | Catch::WarnAbout::NoAssertions;
#if defined(CATCH_VERSION_MAJOR) && CATCH_VERSION_MAJOR < 3
    warnings |= Catch::WarnAbout::NoTests;
#endif
    session.configData().warnings = static_cast<Catch::WarnAbout::What>(warnings);
    return session.run(argc, argv);
}
