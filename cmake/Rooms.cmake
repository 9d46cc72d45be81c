# A room is a folder of src/ with its own object library `room_NAME`; rooms include each other as "room/file.hpp".
add_library(canrun_options INTERFACE)
target_compile_features(canrun_options INTERFACE cxx_std_20)
target_include_directories(canrun_options INTERFACE
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/src>
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>)
if(MSVC)
  target_compile_options(canrun_options INTERFACE /W4 $<$<BOOL:${CANRUN_WERROR}>:/WX>)
else()
  target_compile_options(canrun_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    $<$<BOOL:${CANRUN_WERROR}>:-Werror>)
endif()
if(CANRUN_FUZZ)
  target_compile_options(canrun_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(canrun_options INTERFACE -fsanitize=address,undefined)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlapping copies in std::string's operator+ where there are none (GCC bug 105651).
  target_compile_options(canrun_options INTERFACE -Wno-restrict)
endif()
if(CANRUN_SANITIZE)
  target_compile_options(canrun_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  target_link_options(canrun_options INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented code hides from GCC that <regex>'s states are initialised.
    target_compile_options(canrun_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

function(canrun_room name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(sources)
    add_library(room_${name} OBJECT ${sources})
    set_target_properties(room_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(room_${name} PUBLIC canrun_options fmt::fmt nlohmann_json::nlohmann_json)
    set_property(GLOBAL APPEND PROPERTY canrun_rooms ${name})
  endif()
endfunction()
