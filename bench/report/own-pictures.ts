import { type Reports, suiteOf } from './figures.ts';
import { linePicture, type Placed } from './line-picture.ts';
import type { Picture } from './picture.ts';
import { figure, last, list, place, placeName } from './placed-points.ts';
import { stoppingPictures } from './stopping-pictures.ts';

/** The pictures of this project's own benches. */
export function ownPictures(reports: Reports): readonly Picture[] {
  return [
    ...stoppingPictures(reports),
    latency(reports),
    memory(reports),
    payload(reports),
    soak(reports),
  ].filter((picture) => picture !== null);
}

function latency(reports: Reports): Picture | null {
  const points = scaleOf(reports, 'text(1 + 1)');
  return linePicture(points, {
    name: 'scale-latency',
    title: 'Do cells take longer when many others are running?',
    answer: `Beside ${last(points)} others, text(1 + 1) takes ${list(points, (each, name, panel) => `${figure(each)} (${panel}, ${name})`)}.`,
    xLabel: 'running cells or sessions (logarithmic) →',
    yLabel: '↑ milliseconds',
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

function scaleOf(reports: Reports, group: string): readonly Placed[] {
  return [...suiteOf(reports, 'scale-cells'), ...suiteOf(reports, 'scale-sessions')]
    .filter((each) => each.group.startsWith(group))
    .map((each) => place(each, 'live', placeName(each), String(each.dimensions?.of)));
}

function bytes(value: number): string {
  if (value >= 1 << 20) return `${value / (1 << 20)} MiB`;
  return value >= 1 << 10 ? `${value / (1 << 10)} KiB` : `${value} B`;
}
