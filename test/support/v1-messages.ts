/** The JSON of each version 1 message of a client. */
export const CLIENT_MESSAGES: readonly string[] = [
  '{"type":"operation/request","id":1,"request":{"method":"session/open","sessionId":"s"}}',
  '{"type":"operation/request","id":1,"request":{"method":"session/open","sessionId":"s","cellExecutionLimits":{"maxYieldTimeMs":250,"maxHeapSizeBytes":16777216}}}',
  '{"type":"operation/request","id":1,"request":{"method":"session/open","sessionId":"s","cellExecutionLimits":null}}',
  '{"type":"operation/request","id":2,"request":{"method":"session/execute","sessionId":"s","request":{"tool_call_id":"call-1","enabled_tools":[{"name":"ns__t","tool_name":{"name":"t","namespace":"ns"},"description":"d","kind":"function","input_schema":{"type":"object"},"output_schema":null},{"name":"f","tool_name":{"name":"f","namespace":null},"description":"","kind":"freeform"}],"source":"text(1)","yield_time_ms":250,"max_output_tokens":2147483647}}}',
  '{"type":"operation/request","id":2,"request":{"method":"session/execute","sessionId":"s","request":{"tool_call_id":null,"enabled_tools":[],"source":"","yield_time_ms":null,"max_output_tokens":null}}}',
  '{"type":"operation/request","id":3,"request":{"method":"session/wait","sessionId":"s","request":{"cell_id":"1","yield_time_ms":300001}}}',
  '{"type":"operation/request","id":4,"request":{"method":"session/terminate","sessionId":"s","cellId":"1"}}',
  '{"type":"operation/request","id":-5,"request":{"method":"session/shutdown","sessionId":"s"}}',
  '{"type":"operation/cancel","id":3}',
  '{"type":"operation/yield","id":3}',
  '{"type":"delegate/response","id":1,"result":{"status":"ok","value":{"type":"tool/result","result":{"any":["thing",null]}}}}',
  '{"type":"delegate/response","id":1,"result":{"status":"ok","value":{"type":"tool/result","result":null}}}',
  '{"type":"delegate/response","id":2,"result":{"status":"ok","value":{"type":"notification/delivered"}}}',
  '{"type":"delegate/response","id":3,"result":{"status":"error","message":"no"}}',
];

const ITEMS =
  '[{"type":"input_text","text":"hi"},{"type":"input_image","image_url":"a","detail":"auto"},{"type":"input_image","image_url":"b","detail":"low"},{"type":"input_image","image_url":"c","detail":"high"},{"type":"input_image","image_url":"d","detail":"original"},{"type":"input_image","image_url":"e","detail":null},{"type":"input_image","image_url":"f"},{"type":"input_audio","audio_url":"g"}]';
const MISSING =
  '{"Result":{"cell_id":"9","content_items":[],"error_text":"exec cell 9 not found","result_buffered_for_ns":0,"code_mode_host_duration_ns":1}}';

/** The JSON of each version 1 message of a host. */
export const HOST_MESSAGES: readonly string[] = [
  '{"type":"operation/response","id":1,"result":{"status":"ok","value":{"type":"session/ready","sessionId":"s"}}}',
  '{"type":"operation/response","id":2,"result":{"status":"ok","value":{"type":"execution/started","cellId":"1"}}}',
  `{"type":"operation/response","id":3,"result":{"status":"ok","value":{"type":"wait/completed","outcome":{"LiveCell":{"Yielded":{"cell_id":"1","content_items":${ITEMS},"code_mode_host_duration_ns":250}}}}}}`,
  `{"type":"operation/response","id":3,"result":{"status":"ok","value":{"type":"wait/completed","outcome":{"LiveCell":{"Terminated":{"cell_id":"1","content_items":[]}}}}}}`,
  `{"type":"operation/response","id":3,"result":{"status":"ok","value":{"type":"wait/completed","outcome":{"MissingCell":${MISSING}}}}}`,
  '{"type":"operation/response","id":4,"result":{"status":"ok","value":{"type":"session/closed","sessionId":"s"}}}',
  '{"type":"operation/response","id":4,"result":{"status":"error","message":"unknown code-mode session s"}}',
  '{"type":"execute/initialResponse","id":2,"result":{"status":"ok","value":{"Result":{"cell_id":"1","content_items":[],"error_text":null,"result_buffered_for_ns":5,"code_mode_host_duration_ns":7}}}}',
  '{"type":"execute/initialResponse","id":2,"result":{"status":"ok","value":{"Result":{"cell_id":"1","content_items":[],"error_text":"Error: no"}}}}',
  '{"type":"execute/initialResponse","id":2,"result":{"status":"error","message":"remote runtime failed"}}',
  '{"type":"delegate/request","id":1,"sessionId":"s","request":{"type":"tool/invoke","invocation":{"cell_id":"1","runtime_tool_call_id":"tool-1","tool_name":{"name":"t","namespace":null},"tool_kind":"function","input":{"a":1}}}}',
  '{"type":"delegate/request","id":1,"sessionId":"s","request":{"type":"tool/invoke","invocation":{"cell_id":"1","runtime_tool_call_id":"tool-1","tool_name":{"name":"t","namespace":"ns"},"tool_kind":"freeform"}}}',
  '{"type":"delegate/request","id":2,"sessionId":"s","request":{"type":"notification/send","callId":"call-2","cellId":"2","text":"notice"}}',
  '{"type":"delegate/cancel","id":1}',
  '{"type":"cell/closed","sessionId":"s","cellId":"1"}',
];

/** Every way to add a field to one of the objects of a value, except to free-form fields. */
export function withStranger(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const copies = Object.entries(value).flatMap(([key, inside]) =>
    FREE.has(key) ? [] : withStranger(inside).map((changed) => replaced(value, key, changed)),
  );
  return Array.isArray(value) ? copies : [{ ...value, stranger: 1 }, ...copies];
}

/** Free-form fields. */
const FREE = new Set(['input_schema', 'output_schema', 'input', 'limits']);

function replaced(value: object, key: string, inside: unknown): unknown {
  if (Array.isArray(value)) return value.with(Number(key), inside);
  return { ...value, [key]: inside };
}
