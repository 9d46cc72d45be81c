# Builds canrun.exe on Linux with MinGW-w64; Wine runs what the build itself must run (the catalog's packer) and the
# tests. Debian, Ubuntu: apt install g++-mingw-w64-x86-64-posix wine64
#   cmake -B build-windows --toolchain cmake/toolchains/windows-mingw.cmake
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# One file that runs anywhere: no library of the compiler has to be carried along.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
find_program(CANRUN_WINE NAMES wine64 wine PATHS /usr/lib/wine)
if(CANRUN_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${CANRUN_WINE})
endif()
