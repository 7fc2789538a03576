# find_package(nearcall) gives the targets nearcall::nearcall, the shared library, and nearcall::static.
get_filename_component(_nearcall_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET nearcall::nearcall)
  add_library(nearcall::nearcall SHARED IMPORTED)
  set_target_properties(nearcall::nearcall PROPERTIES
    IMPORTED_LOCATION "${_nearcall_prefix}/lib/libnearcall.so.1"
    IMPORTED_SONAME "libnearcall.so.1"
    INTERFACE_INCLUDE_DIRECTORIES "${_nearcall_prefix}/include")
endif()

if(NOT TARGET nearcall::static)
  add_library(nearcall::static STATIC IMPORTED)
  set_target_properties(nearcall::static PROPERTIES
    IMPORTED_LOCATION "${_nearcall_prefix}/lib/libnearcall.a"
    INTERFACE_LINK_LIBRARIES "gcc_s;util;rt;pthread;m;dl;c"
    INTERFACE_INCLUDE_DIRECTORIES "${_nearcall_prefix}/include")
endif()

unset(_nearcall_prefix)
