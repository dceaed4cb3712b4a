import type { ReportedMeasurement } from '../support/bench-report.ts';
import { type Reports, short, suiteOf, withUnit } from './figures.ts';
import { linePicture, type Placed } from './line-picture.ts';
import type { Picture } from './picture.ts';

const GRACE = { value: 100, label: '100 ms grace period' };
const CALLBACKS = 'running callbacks (logarithmic) →';
const MS = '↑ milliseconds';
const PLACES: Readonly<Record<string, string>> = {
  'in process': 'embedded',
  'in sandbox processes': 'sandbox processes',
};

/** The pictures of what this project does by itself. */
export function ownPictures(reports: Reports): readonly Picture[] {
  return [
    stopping(reports),
    stoppingByPlace(reports),
    closing(reports),
    blocking(reports),
    latency(reports),
    memory(reports),
    payload(reports),
    soak(reports),
  ].filter((picture) => picture !== null);
}

function stopping(reports: Reports): Picture | null {
  const points = suiteOf(reports, 'shutdown')
    .filter((each) =>
      isStop(each, /^(cooperative|throws when cancelled|50 ms to notice|stubborn)$/),
    )
    .map((each) => place(each, 'callbacks', String(each.dimensions?.manner)));
  const stubborn = of(points, 'stubborn');
  const cooperative = of(points, 'cooperative');
  return linePicture(points, {
    name: 'shutdown-callbacks',
    title: 'Does it matter how many callbacks run, or how they behave?',
    answer: `${last(stubborn)} stubborn callbacks close in ${figure(stubborn)}; ${last(cooperative)} cooperative ones in ${figure(cooperative)}.`,
    xLabel: CALLBACKS,
    yLabel: MS,
    level: GRACE,
  });
}

function stoppingByPlace(reports: Reports): Picture | null {
  const points = ['shutdown', 'shutdown-process', 'shutdown-hosted']
    .flatMap((suite) => suiteOf(reports, suite))
    .filter((each) => isStop(each, /^(cooperative|stubborn)$/))
    .map((each) =>
      place(each, 'callbacks', placeName(each), `${each.dimensions?.manner} callbacks`),
    );
  const stubborn = points.filter(({ panel }) => panel.startsWith('stubborn'));
  return linePicture(points, {
    name: 'shutdown-places',
    title: 'Does it matter where the session runs?',
    answer: `Stubborn callbacks close in ${list(stubborn, (each, name) => `${figure(each)} (${name}, ${last(each)} callbacks)`)}.`,
    xLabel: CALLBACKS,
    yLabel: MS,
    level: GRACE,
  });
}

function closing(reports: Reports): Picture | null {
  const points = suiteOf(reports, 'shutdown')
    .filter(({ dimensions }) => dimensions?.end === 'close' && dimensions.callbacks !== 0)
    .map((each) => place(each, 'cells', String(each.dimensions?.manner)));
  const stubborn = of(points, 'stubborn');
  return linePicture(points, {
    name: 'shutdown-cells',
    title: 'Does it matter how many cells are closed together?',
    answer: `A session with ${last(stubborn)} cells and ten stubborn callbacks in each closes in ${figure(stubborn)}; with cooperative callbacks in ${figure(of(points, 'cooperative'))}.`,
    xLabel: 'running cells of the session (logarithmic) →',
    yLabel: MS,
    level: GRACE,
  });
}

function blocking(reports: Reports): Picture | null {
  const points = suiteOf(reports, 'shutdown-lag')
    .filter(({ dimensions }) => dimensions)
    .map((each) => place(each, 'callbacks', String(each.dimensions?.manner), placeName(each)));
  return linePicture(points, {
    name: 'shutdown-lag',
    title: 'How long does stopping block the event loop of the embedding process?',
    answer: `The longest pause is ${withUnit(worst(points), 'ms')} (median), with up to ${last(points)} callbacks.`,
    xLabel: CALLBACKS,
    yLabel: MS,
  });
}

function latency(reports: Reports): Picture | null {
  const points = scaleOf(reports, 'text(1 + 1)');
  return linePicture(points, {
    name: 'scale-latency',
    title: 'Do cells take longer when many others are running?',
    answer: `Beside ${last(points)} others, text(1 + 1) takes ${list(points, (each, name, panel) => `${figure(each)} (${panel}, ${name})`)}.`,
    xLabel: 'running cells or sessions (logarithmic) →',
    yLabel: MS,
  });
}

function memory(reports: Reports): Picture | null {
  const points = scaleOf(reports, 'memory');
  return linePicture(points, {
    name: 'scale-memory',
    title: 'How much memory do many running cells and sessions hold?',
    answer: `With ${last(points)} of them, each holds ${list(points, (each, name, panel) => `${figure(each)} (${panel}, ${name})`)}.`,
    xLabel: 'running cells or sessions (logarithmic) →',
    yLabel: '↑ MiB each, logarithmic',
    logarithmic: true,
  });
}

function payload(reports: Reports): Picture | null {
  const names: readonly (readonly [RegExp, string])[] = [
    [/^parsed/, 'parsed'],
    [/^as JsonText/, 'as JsonText'],
    [/^baseline/, 'JSON alone'],
  ];
  const points = suiteOf(reports, 'payloads')
    .filter(({ dimensions }) => dimensions)
    .map((each) => {
      const label = names.find(([pattern]) => pattern.test(each.name))?.[1] ?? each.name;
      return place(each, 'bytes', label);
    });
  const largest = Math.max(...points.map(({ x }) => x));
  return linePicture(points, {
    name: 'payload',
    title: 'What does it cost to carry a value to a tool and back?',
    answer: `${bytes(largest)} take ${list(points, (each, name) => `${figure(each)} (${name})`)}.`,
    xLabel: 'size of the text (logarithmic) →',
    yLabel: '↑ milliseconds, logarithmic',
    formatX: bytes,
    logarithmic: true,
  });
}

function soak({ soak: report }: Reports): Picture | null {
  const names: Readonly<Record<string, string>> = {
    'memory of this process': 'embedding process',
    'memory of the whole tree': 'all processes',
  };
  const points = (report?.results ?? []).flatMap((each) => {
    const name = names[String(each.dimensions?.of)];
    return name === undefined ? [] : [place(each, 'minute', name)];
  });
  return linePicture(points, {
    name: 'soak',
    title: 'Does memory grow over time?',
    answer: `After ${last(points)} minutes, resident memory is ${list(points, (each, name) => `${figure(each)} (${name}; ${figure(each.slice(0, 1))} at first)`)}.`,
    xLabel: 'minutes →',
    yLabel: '↑ MiB',
    linearX: true,
  });
}

/** Whether it is the stop of one cell with running tool calls that behave like this. */
function isStop({ dimensions }: ReportedMeasurement, manner: RegExp): boolean {
  const { cells, end, of: kind } = dimensions ?? {};
  return (
    cells === 1 &&
    end === 'terminate' &&
    kind === 'tools' &&
    manner.test(String(dimensions?.manner))
  );
}

function scaleOf(reports: Reports, group: string): readonly Placed[] {
  return [...suiteOf(reports, 'scale-cells'), ...suiteOf(reports, 'scale-sessions')]
    .filter((each) => each.group.startsWith(group))
    .map((each) => place(each, 'live', placeName(each), String(each.dimensions?.of)));
}

function place(measurement: ReportedMeasurement, axis: string, series: string, panel = ''): Placed {
  return { panel, series, x: Number(measurement.dimensions?.[axis]), measurement };
}

function placeName({ dimensions }: ReportedMeasurement): string {
  const name = String(dimensions?.place);
  return PLACES[name] ?? name;
}

function of(points: readonly Placed[], series: string): readonly Placed[] {
  return points.filter((each) => each.series === series);
}

/** The median at the end of a line. */
function figure(points: readonly Placed[]): string {
  const end = points.at(-1)?.measurement;
  return end === undefined ? 'an unknown time' : withUnit(end.p50, end.unit);
}

/** Where lines end. */
function last(points: readonly Placed[]): string {
  return points.length === 0 ? 'no' : short(Math.max(...points.map(({ x }) => x)));
}

function worst(points: readonly Placed[]): number {
  return Math.max(...points.map(({ measurement }) => measurement.p50));
}

/** A phrase for each line. */
function list(
  points: readonly Placed[],
  phrase: (line: readonly Placed[], series: string, panel: string) => string,
): string {
  const lines = Map.groupBy(points, ({ panel, series }) => `${panel}/${series}`);
  return [...lines.values()]
    .map((line) => phrase(line, line[0]!.series, line[0]!.panel))
    .join(', ');
}

function bytes(value: number): string {
  if (value >= 1 << 20) return `${value / (1 << 20)} MiB`;
  return value >= 1 << 10 ? `${value / (1 << 10)} KiB` : `${value} B`;
}
