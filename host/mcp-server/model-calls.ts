import type { JsonObject } from '../../src/describe/json-object.ts';
import { isFailure, toModelContent } from '../../src/describe/to-model-content.ts';
import type { OutputItem } from '../../src/events.ts';
import { readCells, readExec, readWait } from './call-arguments.ts';
import type { CodeSession, Followed, ListedCell } from './code-session.ts';
import type { Caller } from './live-cell.ts';

const DEFAULT_YIELD_MS = 10_000;
/** Shorter waits would be polling. */
const MIN_WAIT_MS = 250;
/** Some clients give a call up after 60 s without progress. */
const MAX_SILENT_MS = 50_000;
const MAX_MS = 3_600_000;

/** A call of one of our tools. */
export interface ModelCall {
  readonly args: JsonObject;
  readonly caller: Caller;
  /** Lines for the header: of `exec`, such as a server that is missing; of `wait`, why a cell is. */
  readonly remarks: readonly string[];
  /** The answers to questions that this call asked before; undefined the first time. */
  readonly resumed: ResumedCall | undefined;
}

/** Where a call stood when it asked, and what was answered. */
export interface ResumedCall {
  readonly cellId: string;
  readonly nonce: string;
  readonly leftMs: number;
  readonly answers: Readonly<Record<string, unknown>>;
}

/** What a model is answered, or what a person must be asked first. */
export type ModelAnswer =
  | { readonly type: 'content'; readonly items: readonly OutputItem[]; readonly isError: boolean }
  | Extract<Followed, { type: 'questions' }>;

/** Runs a program. @throws InvalidArguments, or as `CodeSession.exec`. */
export async function exec(session: CodeSession, call: ModelCall): Promise<ModelAnswer> {
  const began = performance.now();
  const { source, yieldTimeMs, maxOutputTokens } = readExec(call.args);
  const { yieldMs, remarks } = usedYield(yieldTimeMs, 0, call.caller);
  const followed = call.resumed
    ? await resume(session, call.resumed, call.caller, true)
    : await session.exec(source, yieldMs, call.caller);
  return answerOf(followed, began, [...call.remarks, ...remarks], maxOutputTokens);
}

/** Waits for a program, or ends it. @throws InvalidArguments, or as `CodeSession.wait`. */
export async function wait(session: CodeSession, call: ModelCall): Promise<ModelAnswer> {
  const began = performance.now();
  const { cellId, yieldTimeMs, maxTokens, terminate } = readWait(call.args);
  const { yieldMs, remarks } = usedYield(yieldTimeMs, MIN_WAIT_MS, call.caller);
  const follow = async () => {
    if (call.resumed) return resume(session, call.resumed, call.caller, false);
    return terminate ? session.terminate(cellId) : session.wait(cellId, yieldMs, call.caller);
  };
  const followed = await follow();
  const isMissing = followed.type === 'event' && followed.event.type === 'missing';
  const told = [...(isMissing ? call.remarks : []), ...(terminate ? [] : remarks)];
  return answerOf(followed, began, told, maxTokens);
}

/** Ends programs, and lists the others. @throws InvalidArguments. */
export async function cells(session: CodeSession, { args }: ModelCall): Promise<ModelAnswer> {
  const lines: string[] = [];
  let isError = false;
  for (const cellId of readCells(args)) {
    const ended = await session.terminate(cellId);
    const event = ended.type === 'event' ? ended.event : null;
    isError ||= event?.type === 'missing';
    lines.push(event?.type === 'missing' ? event.message : `Cell ${cellId} was terminated`);
  }
  const live = await session.cells();
  lines.push(live.length === 0 ? 'No program is running' : `Running programs: ${live.length}`);
  lines.push(...live.map(lineOf));
  return { type: 'content', items: [{ type: 'input_text', text: lines.join('\n') }], isError };
}

async function resume(
  session: CodeSession,
  { cellId, nonce, leftMs, answers }: ResumedCall,
  caller: Caller,
  isExec: boolean,
): Promise<Followed> {
  const given = { nonce, answers };
  const followed = await session.answer(cellId, given, { leftMs, isExec, caller });
  if (followed !== null) return followed;
  throw new Error(
    `Cannot take these answers: they were given before, or cell ${cellId} no longer waits for them`,
  );
}

function answerOf(
  followed: Followed,
  beganMs: number,
  remarks: readonly string[],
  maxTokens: number | undefined,
): ModelAnswer {
  if (followed.type === 'questions') return followed;
  const { event, calls } = followed;
  const items = toModelContent(event, {
    tookMs: performance.now() - beganMs,
    pendingCalls: calls,
    remarks,
    readMore: `all of it: tools.output({ cell_id: '${event.cellId}' })`,
    ...(maxTokens !== undefined && { maxTokens }),
  });
  return { type: 'content', items, isError: isFailure(event) };
}

/** What a wait may take, and a line that says so if it is not what was asked for. */
function usedYield(askedMs: number | undefined, minMs: number, caller: Caller) {
  const asked = askedMs ?? DEFAULT_YIELD_MS;
  const max = caller.progress === undefined ? MAX_SILENT_MS : MAX_MS;
  const yieldMs = Math.min(Math.max(asked, minMs), max);
  const remarks =
    yieldMs === asked ? [] : [`Yield time: ${yieldMs} ms were used, ${asked} were asked for`];
  return { yieldMs, remarks };
}

function lineOf({ cellId, ageMs, phase, calls, openQuestions }: ListedCell): string {
  const what = [
    ...(phase === 'completed' ? ['has ended; `wait` brings its result'] : []),
    ...(phase === 'waiting' ? ['waits until other cells leave it a processor'] : []),
    ...(openQuestions > 0 ? [`waits for ${openQuestions} decisions of a person`] : []),
    ...calls.map(
      ({ tool, callId, forMs }) => `waits for ${tool} (${callId}) for ${seconds(forMs)}`,
    ),
  ];
  const doing = what.length === 0 ? 'runs' : what.join(', ');
  return `Cell ${cellId}: started ${seconds(ageMs)} ago, ${doing}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
