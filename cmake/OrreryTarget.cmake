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

# orrery_library(NAME SOURCES file… [LINK target…]): one static library per row of the layer table.
function(orrery_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC orrery_settings ${arg_LINK})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE orrery_settings ${arg_LINK})
  endif()
endfunction()

# orrery_test(NAME SOURCES file… [LINK target…] [LABELS label…]): one Catch2 executable, one ctest entry.
function(orrery_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE orrery_settings orrery_test_support ${arg_LINK})
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
