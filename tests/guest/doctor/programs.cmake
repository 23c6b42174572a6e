# orrery_doctor_programs(TEST FOLDER SCRIPT [COMPILE option…] [RUN option…]): each NAME.S here becomes NAME.elf, linked by SCRIPT, in
# FOLDER of the guests; the test has doctor_test.py run the built program on all of them.
function(orrery_doctor_programs test folder script)
  cmake_parse_arguments(arg "" "" "COMPILE;RUN" ${ARGN})
  set(elfs ${CMAKE_BINARY_DIR}/guests/${folder})
  file(MAKE_DIRECTORY ${elfs})
  file(GLOB program_sources CONFIGURE_DEPENDS *.S)
  set(program_elfs "")
  foreach(source ${program_sources})
    get_filename_component(name ${source} NAME_WE)
    set(elf ${elfs}/${name}.elf)
    add_custom_command(OUTPUT ${elf}
      COMMAND ${ORRERY_FIRMWARE_CLANG} ${arg_COMPILE} -nostdlib -static --ld-path=${ORRERY_FIRMWARE_LLD} -T ${script}
        ${source} -o ${elf}
      DEPENDS ${source} ${CMAKE_CURRENT_SOURCE_DIR}/doctor.h ${script}
      COMMENT "Building guest program ${folder}/${name}" VERBATIM)
    list(APPEND program_elfs ${elf})
  endforeach()
  add_custom_target(orrery_${folder}_programs ALL DEPENDS ${program_elfs})

  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(settings ${arg_RUN})
  if(ORRERY_SANITIZE) # sanitizers make the loops long
    list(APPEND settings --reduced)
  endif()
  add_test(NAME ${test} COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/guest/doctor/doctor_test.py
    $<TARGET_FILE:orrery> ${elfs} ${settings})
  set_tests_properties(${test} PROPERTIES TIMEOUT 300 LABELS guest RUN_SERIAL TRUE)
endfunction()
