/** The JSON of each message of a client beyond plain version 1. */
export const OWN_CLIENT_MESSAGES: readonly string[] = [
  '{"type":"operation/request","id":1,"request":{"method":"session/open","sessionId":"s","outputTruncation":"server","options":{"toolErrors":"error","console":true,"limits":{"maxLiveCells":4}}}}',
  '{"type":"operation/request","id":1,"request":{"method":"session/create","token":"t","options":{"toolErrors":"string"}}}',
  '{"type":"operation/request","id":1,"request":{"method":"session/create"}}',
  '{"type":"operation/request","id":2,"request":{"method":"session/execute","sessionId":"s","request":{"tool_call_id":null,"enabled_tools":[],"source":"","yield_time_ms":0,"max_output_tokens":null,"observe":{"pending":true},"preempted":true,"keepEvents":true}}}',
  '{"type":"operation/request","id":3,"request":{"method":"session/wait","sessionId":"s","request":{"cell_id":"1","yield_time_ms":0,"observe":{"yieldAfterMs":0.5},"preempted":true},"maxOutputTokens":7}}',
  '{"type":"operation/request","id":4,"request":{"method":"session/terminate","sessionId":"s","cellId":"1","maxOutputTokens":null}}',
  '{"type":"operation/request","id":5,"request":{"method":"session/resume","sessionId":"s","cellId":"1","generation":2}}',
  '{"type":"operation/request","id":6,"request":{"method":"session/events","sessionId":"s","cellId":"1","after":3}}',
  '{"type":"operation/request","id":7,"request":{"method":"session/cells","sessionId":"s"}}',
  '{"type":"operation/request","id":8,"request":{"method":"session/values","sessionId":"s"}}',
];

const ENDING =
  '"failure":{"kind":"syntax","text":"SyntaxError: no","line":1,"column":2},"notes":["a"]';
const MISSING =
  '{"type":"missing","cellId":"1","items":[],"reason":"evicted","message":"exec cell 1 not found"}';
const PLACE = '"seq":3,"atMs":1790000000000';
const LIVE_MISSING = `${MISSING.slice(0, -1)},"seq":0,"atMs":1790000000000}`;
const ITEM = '{"type":"input_image","image_url":"a","detail":"auto"}';

function response(value: string): string {
  return `{"type":"operation/response","id":1,"result":{"status":"ok","value":${value}}}`;
}

function waited(outcome: string): string {
  return response(`{"type":"wait/completed","outcome":${outcome}}`);
}

/** The JSON of each message of a host beyond plain version 1. */
export const OWN_HOST_MESSAGES: readonly string[] = [
  response('{"type":"session/created","sessionId":"s","remoteUrl":"https://example.com/s"}'),
  response('{"type":"cell/resumed","outcome":"already-running"}'),
  response('{"type":"events/ended","cellId":"1"}'),
  response(
    '{"type":"session/cells","cells":[{"cellId":"1","phase":"held","ageMs":1.5,"observed":true,"pendingOutput":3,"pendingCalls":[{"callId":"tool-1","tool":"t"}],"pendingNotifications":0}]}',
  ),
  response('{"type":"session/values","values":[["key",[1]],["other",null]]}'),
  '{"type":"operation/response","id":1,"result":{"status":"error","message":"no","code":"cell_busy"}}',
  waited(`{"LiveCell":{"Event":{"type":"yielded","cellId":"1","items":[${ITEM}]}}}`),
  waited(
    '{"LiveCell":{"Event":{"type":"pending","cellId":"1","items":[],"generation":1,"pendingCalls":[{"callId":"tool-1","tool":"t"}]}}}',
  ),
  waited(`{"LiveCell":{"Event":{"type":"completed","cellId":"1","items":[],${ENDING}}}}`),
  waited('{"LiveCell":{"Event":{"type":"terminated","cellId":"1","items":[]}}}'),
  waited(`{"MissingCell":{"Event":${MISSING}}}`),
  '{"type":"delegate/request","id":1,"sessionId":"s","token":"t","request":{"type":"notification/send","callId":null,"cellId":"2","text":"notice"}}',
  '{"type":"delegate/cancel","id":1,"reason":"drain-timeout"}',
  '{"type":"connection/failed","message":"Cannot read a message: it is not JSON"}',
  `{"type":"cell/events","id":6,"events":[{${PLACE},"type":"output","item":${ITEM}},{${PLACE},"type":"tool-started","callId":"tool-1","tool":"t"},{${PLACE},"type":"tool-ended","callId":"tool-1","ok":false},{${PLACE},"type":"notified","text":"n"},{${PLACE},"type":"phase","phase":"held"},{${PLACE},"type":"gap","missed":3},{${PLACE},"type":"completed",${ENDING}},{${PLACE},"type":"terminated"},${LIVE_MISSING}]}`,
];
