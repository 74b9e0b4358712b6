# Makes the target idm::urdf where urdfdom is installed: idm::idm with what idm/robot/urdf.hpp needs besides.
# The build tree and the installed package both read this file.
if(NOT TARGET idm::urdf)
    find_package(urdfdom CONFIG QUIET)
    if(TARGET urdfdom::urdfdom_model)
        add_library(idm::urdf INTERFACE IMPORTED GLOBAL)
        target_link_libraries(idm::urdf INTERFACE idm::idm urdfdom::urdfdom_model)
    endif()
endif()
