# orrery_llvm: LLVM 19's headers (as system headers) and its shared library, found through its own llvm-config.
include_guard(GLOBAL)
find_program(ORRERY_LLVM_CONFIG NAMES llvm-config-19 REQUIRED)
function(orrery_ask_llvm variable)
  execute_process(COMMAND ${ORRERY_LLVM_CONFIG} ${ARGN}
    OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${answer}" PARENT_SCOPE)
endfunction()
orrery_ask_llvm(include_folder --includedir)
orrery_ask_llvm(library_folder --libdir)
orrery_ask_llvm(libraries --link-shared --libs)
add_library(orrery_llvm INTERFACE)
target_include_directories(orrery_llvm SYSTEM INTERFACE ${include_folder})
target_link_libraries(orrery_llvm INTERFACE -L${library_folder} ${libraries})
