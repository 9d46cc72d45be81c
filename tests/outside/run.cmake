# Installs the built tree into a scratch prefix, then configures, builds and runs the outside project against it.
foreach(step
    "${CMAKE_COMMAND};--install;${BUILD_DIR};--prefix;${SCRATCH}/prefix"
    "${CMAKE_COMMAND};-S;${SOURCE_DIR};-B;${SCRATCH}/build;-DCMAKE_PREFIX_PATH=${SCRATCH}/prefix;-DCMAKE_BUILD_TYPE=Release;-DCMAKE_CXX_COMPILER=${COMPILER};-DCMAKE_CXX_FLAGS=${FLAGS}"
    "${CMAKE_COMMAND};--build;${SCRATCH}/build"
    "${SCRATCH}/build/outside")
  execute_process(COMMAND ${step} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed (${status}): ${step}\n${output}")
  endif()
endforeach()
foreach(file bin/canrun include/canrun/estimate.hpp share/man/man1/canrun.1)
  if(NOT EXISTS ${SCRATCH}/prefix/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()
