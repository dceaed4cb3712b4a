import type { ReportedMeasurement } from '../support/bench-report.ts';
import { type Reports, suiteOf, withUnit } from './figures.ts';
import { linePicture } from './line-picture.ts';
import type { Picture } from './picture.ts';
import { figure, last, list, of, place, placeName, worst } from './placed-points.ts';

const GRACE = { value: 100, label: '100 ms grace period' };
const CALLBACKS = 'running callbacks (logarithmic) →';
const MS = '↑ milliseconds';

/** The pictures of how long stopping takes. A picture without figures is null. */
export function stoppingPictures(reports: Reports): readonly (Picture | null)[] {
  return [stopping(reports), stoppingByPlace(reports), closing(reports), blocking(reports)];
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
