# The packer accepts the project's data and refuses a broken copy with file, JSON path and reason.
# Needs PACK_CATALOG, DATA and SCRATCH.
function(pack data expected_status expected_text)
  execute_process(COMMAND ${PACK_CATALOG} ${data} ${SCRATCH}/catalog.bin RESULT_VARIABLE status ERROR_VARIABLE text)
  if(NOT status EQUAL expected_status)
    message(FATAL_ERROR "status ${status} instead of ${expected_status}: ${text}")
  endif()
  string(FIND "${text}" "${expected_text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "the message lacks \"${expected_text}\": ${text}")
  endif()
endfunction()

function(pack_broken file from to expected_text)
  file(REMOVE_RECURSE ${SCRATCH}/data)
  file(COPY ${DATA}/ DESTINATION ${SCRATCH}/data)
  file(READ ${SCRATCH}/data/${file} content)
  string(REPLACE "${from}" "${to}" broken "${content}")
  if(broken STREQUAL content)
    message(FATAL_ERROR "${file} does not hold ${from}")
  endif()
  file(WRITE ${SCRATCH}/data/${file} "${broken}")
  pack(${SCRATCH}/data 1 "${expected_text}")
endfunction()

file(MAKE_DIRECTORY ${SCRATCH})
pack(${DATA} 0 "")
pack_broken(runtimes.json "\"memory_model\":\"vllm\"" "\"memory_model\":\"guess\""
  "runtimes.json: $.entries[5](id \"vllm\").memory_model: found \"guess\", expected one of")
pack_broken(workloads.json "\"prompt\": 2048" "\"prompt\": -2048"
  "workloads.json: $.entries[1](id \"coding\").prompt: found -2048, expected at least 1")
pack_broken(workloads.json "\"prompt\": 2048" "\"promt\": 2048"
  "workloads.json: $.entries[1](id \"coding\"): found")
pack_broken(links.json "\"id\":\"pcie1x4\"" "\"id\":\"pcie1x1\""
  "links.json: $.entries[1](id \"pcie1x1\"): found a name that \"pcie1x1\" has as well")
pack_broken(links.json "\"entries\": [" "\"entries\": [,"
  "links.json: line 5")
