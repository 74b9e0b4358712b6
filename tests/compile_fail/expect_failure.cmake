# Run by idm_add_compile_fail: compiles `source` and fails unless the compiler refuses it with `text` in its message.
string(REPLACE "|" ";" include_folders "${include_folders}")
list(REMOVE_DUPLICATES include_folders)
list(TRANSFORM include_folders PREPEND "-I")
execute_process(COMMAND "${compiler}" -std=c++20 -fsyntax-only ${flags} ${include_folders} "${source}"
                RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0)
    message(FATAL_ERROR "expected ${source} not to compile, but it does")
endif()
string(FIND "${output}" "${text}" position)
if(position EQUAL -1)
    message(FATAL_ERROR "expected '${text}' in the compiler's message, got:\n${output}")
endif()
