# cmake --install: the program, the headers, the library with a CMake package (find_package(canrun)), the man page.
include(CMakePackageConfigHelpers)

install(TARGETS canrun EXPORT canrun-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/canrun DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET canrun-cli)
  install(TARGETS canrun-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/docs/canrun.1)
  install(FILES ${PROJECT_SOURCE_DIR}/docs/canrun.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/canrun)
install(EXPORT canrun-targets NAMESPACE canrun:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/canrun-config.cmake.in
  ${PROJECT_BINARY_DIR}/canrun-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/canrun-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/canrun-config.cmake ${PROJECT_BINARY_DIR}/canrun-config-version.cmake
  DESTINATION ${package_dir})
