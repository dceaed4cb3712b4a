import type { Reports } from './figures.ts';
import type { Picture } from './picture.ts';
import {
  bombTable,
  causeList,
  circumstancesOf,
  grpcTable,
  hostedTargetTable,
  hostsTable,
  machineLine,
  ownTargetTable,
  peerDetails,
  peerList,
  peerTable,
  soakTables,
  suiteTables,
} from './tables.ts';

/** A placeholder in double braces: a name, and after a colon its argument. */
const PLACE = /\{\{([a-z-]+)(?::\s*([^}]*))?\}\}/g;

/**
 * Fills in a template.
 *
 * @param folder The folder of the pictures, relative to the document.
 * @throws For an unknown name: a document must not lose a table silently.
 */
export function fillIn(
  template: string,
  reports: Reports,
  pictures: readonly Picture[],
  folder: string,
): string {
  return template.replaceAll(PLACE, (_whole, name: string, about = '') =>
    part(name, about.trim(), reports, pictures, folder),
  );
}

function part(
  name: string,
  about: string,
  reports: Reports,
  pictures: readonly Picture[],
  folder: string,
): string {
  switch (name) {
    case 'machine':
      return machineLine(reportNamed(reports, about));
    case 'answer':
      return pictures.find((each) => each.name === about)?.answer ?? '*Not measured.*';
    case 'circumstances':
      return circumstancesOf(reportNamed(reports, about));
    case 'targets':
      return about === 'hosted' ? hostedTargetTable(reports) : ownTargetTable(reports);
    case 'grpc':
      return grpcTable(reports);
    case 'causes':
      return causeList(reports, about === 'hosted' ? 'hosted' : 'own');
    case 'hosts':
      return hostsTable(reports);
    case 'peers':
      return peerList(reports);
    case 'peer-table':
      return peerTable(reports, about.split(/,\s*/));
    case 'peer-details':
      return peerDetails(reports, about);
    case 'bomb':
      return bombTable(reports);
    case 'suite':
      return suiteTables(reports, about);
    case 'soak':
      return soakTables(reports);
    case 'picture':
      return pictureLine(pictures, about, folder);
    default:
      throw new Error(`Cannot fill in the template: there is no part ${name}`);
  }
}

function reportNamed(reports: Reports, name: string) {
  if (name === 'bench' || name === 'peers' || name === 'soak') return reports[name];
  throw new Error(`Cannot fill in the template: there is no report ${name}`);
}

function pictureLine(pictures: readonly Picture[], name: string, folder: string): string {
  const picture = pictures.find((each) => each.name === name);
  return picture === undefined ? '' : `![${picture.answer}](${folder}/${name}.svg)`;
}
