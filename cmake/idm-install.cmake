include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/idm")
install(DIRECTORY include/idm DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(TARGETS idm EXPORT idm-targets)
install(EXPORT idm-targets NAMESPACE idm:: DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/idm-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES cmake/idm-config.cmake cmake/idm-dependencies.cmake cmake/idm-native.cmake cmake/idm-urdf.cmake cmake/idm-dispatch.cmake
              "${PROJECT_BINARY_DIR}/idm-config-version.cmake" DESTINATION "${package_dir}")

install(DIRECTORY cmake/dispatch DESTINATION "${package_dir}")

configure_file(cmake/idm.pc.in "${PROJECT_BINARY_DIR}/idm.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/idm.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
# Where ROS looks for what is installed (REP-136).
install(FILES package.xml DESTINATION "${CMAKE_INSTALL_DATADIR}/idm")
# Where Debian looks for a package's licence.
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/libidm-dev" RENAME copyright)
