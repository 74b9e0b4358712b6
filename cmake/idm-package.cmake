# `cpack -G DEB` in the build folder makes libidm-dev: headers and package files, the same for every architecture.
set(CPACK_PACKAGE_NAME libidm-dev)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "The idm authors <idm@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "learned inverse dynamics: from robot motion to torques (C++ headers)")
set(CPACK_PACKAGE_DESCRIPTION "Header-only C++20 library that learns a robot's inverse dynamics from its
logs and predicts torques inside a control loop, with small convolutional
networks on Eigen, xsimd and OpenMP.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)

# Debian asks each package for a changelog of its own form, compressed. SOURCE_DATE_EPOCH sets its date.
string(TIMESTAMP idm_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE "${PROJECT_BINARY_DIR}/changelog" "${CPACK_PACKAGE_NAME} (${PROJECT_VERSION}) unstable; urgency=medium

  * Release ${PROJECT_VERSION}; CHANGELOG.md in the sources tells what is new.

 -- ${CPACK_PACKAGE_CONTACT}  ${idm_date}
")
find_program(IDM_GZIP gzip DOC "compresses the Debian package's changelog")
if(IDM_GZIP)
    execute_process(COMMAND "${IDM_GZIP}" -9nf changelog WORKING_DIRECTORY "${PROJECT_BINARY_DIR}" COMMAND_ERROR_IS_FATAL ANY)
    install(FILES "${PROJECT_BINARY_DIR}/changelog.gz" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${CPACK_PACKAGE_NAME}")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libeigen3-dev (>= 3.4), libxsimd-dev (>= 8.1)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS liburdfdom-dev)
include(CPack)
