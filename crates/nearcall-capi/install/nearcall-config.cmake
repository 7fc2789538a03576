# find_package(nearcall) gives the targets nearcall::nearcall, the shared library, and nearcall::static.
get_filename_component(_nearcall_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET nearcall::nearcall)
  add_library(nearcall::nearcall SHARED IMPORTED)
  set_target_properties(nearcall::nearcall PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${_nearcall_prefix}/include")
  if(WIN32)
    set_target_properties(nearcall::nearcall PROPERTIES
      IMPORTED_LOCATION "${_nearcall_prefix}/bin/nearcall.dll"
      IMPORTED_IMPLIB "${_nearcall_prefix}/lib/libnearcall.dll.a")
  elseif(APPLE)
    set_target_properties(nearcall::nearcall PROPERTIES
      IMPORTED_LOCATION "${_nearcall_prefix}/lib/libnearcall.dylib"
      IMPORTED_SONAME "@rpath/libnearcall.dylib")
  else()
    set_target_properties(nearcall::nearcall PROPERTIES
      IMPORTED_LOCATION "${_nearcall_prefix}/lib/libnearcall.so.1"
      IMPORTED_SONAME "libnearcall.so.1")
  endif()
endif()

if(NOT TARGET nearcall::static)
  add_library(nearcall::static STATIC IMPORTED)
  set_target_properties(nearcall::static PROPERTIES
    IMPORTED_LOCATION "${_nearcall_prefix}/lib/libnearcall.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_nearcall_prefix}/include")
  if(WIN32)
    set_target_properties(nearcall::static PROPERTIES
      INTERFACE_COMPILE_DEFINITIONS "NEARCALL_STATIC"
      INTERFACE_LINK_LIBRARIES "ws2_32;userenv;ntdll;advapi32")
  elseif(APPLE)
    set_target_properties(nearcall::static PROPERTIES
      INTERFACE_LINK_LIBRARIES "iconv;System;c;m")
  else()
    set_target_properties(nearcall::static PROPERTIES
      INTERFACE_LINK_LIBRARIES "gcc_s;util;rt;pthread;m;dl;c")
  endif()
endif()

unset(_nearcall_prefix)
