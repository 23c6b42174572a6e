# The settings every target of the project shares, and two functions that make targets with them.
add_library(orrery_settings INTERFACE)
target_include_directories(orrery_settings INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(orrery_settings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion
  $<$<BOOL:${ORRERY_WERROR}>:-Werror>)
if(ORRERY_SANITIZE)
  target_compile_options(orrery_settings INTERFACE
    -fsanitize=${ORRERY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(orrery_settings INTERFACE -fsanitize=${ORRERY_SANITIZE})
  target_compile_definitions(orrery_settings INTERFACE ORRERY_VERIFY_IR=1)  # every translated block is checked
endif()
target_link_libraries(orrery_settings INTERFACE Threads::Threads)

# The headers that nearly every file includes, parsed once a build: half the time of most files goes into them. ccache
# does better, and precompiled headers would keep one checkout from using what it holds of another; so, only without it.
if(ORRERY_CCACHE)
  set(precompile OFF)
else()
  set(precompile ON)
endif()
option(ORRERY_PRECOMPILED_HEADERS "Parse common headers once; on by default where ccache isn't used" ${precompile})

# orrery_precompile(NAME KIND target…): a target of KIND STATIC or EXECUTABLE, linked as `target…`, whose precompiled
# headers others reuse. The kind matters: position-independent code isn't the same for executables and libraries.
function(orrery_precompile name kind)
  set(source ${CMAKE_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "int main() { return 0; }\n")
  if(kind STREQUAL EXECUTABLE)
    add_executable(${name} ${source})
  else()
    add_library(${name} ${kind} ${source})
  endif()
  target_link_libraries(${name} PRIVATE orrery_settings ${ARGN})
  target_precompile_headers(${name} PRIVATE
    <algorithm> <array> <atomic> <expected> <functional> <map> <memory> <mutex> <optional> <span> <string> <string_view>
    <thread> <unordered_map> <variant> <vector> <fmt/format.h>)
endfunction()

# orrery_library(NAME SOURCES file… [LINK target…]): one static library per row of the layer table.
function(orrery_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC orrery_settings ${arg_LINK})
    if(TARGET orrery_headers)
      target_precompile_headers(${name} REUSE_FROM orrery_headers)
    endif()
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE orrery_settings ${arg_LINK})
  endif()
endfunction()

# With sanitizers a test's own code is only compiled, not optimised: that takes half the time, and it runs but once.
set(orrery_test_options "")
if(ORRERY_SANITIZE)
  set(orrery_test_options -O0)
endif()

# orrery_test(NAME SOURCES file… [LINK target…] [LABELS label…]): one Catch2 executable, one ctest entry.
function(orrery_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE orrery_settings orrery_test_support ${arg_LINK})
  target_compile_options(test_${name} PRIVATE ${orrery_test_options})
  if(TARGET orrery_test_headers)
    target_precompile_headers(test_${name} REUSE_FROM orrery_test_headers)
  endif()
  add_test(NAME ${name} COMMAND test_${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
  if(ORRERY_SANITIZE MATCHES thread)
    set_tests_properties(${name} PROPERTIES
      ENVIRONMENT TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.suppressions)
  endif()
endfunction()
