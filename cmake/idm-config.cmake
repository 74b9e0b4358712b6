# find_package(idm): the targets idm::idm and idm::native.
include("${CMAKE_CURRENT_LIST_DIR}/idm-dependencies.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/idm-targets.cmake")
