// A cell: a program that calls tools. Run it from the root of the project with
//   npx cellhost run examples/tour.js --config examples/mcp.json
// It uses two MCP servers: `everything`, the reference server, and `files`, which reads this folder.

function check(condition, what) {
  if (!condition) throw new Error(`The tour expected ${what}`);
}

// Text of a tool's result. A tool that fails is a result too: the program decides what to do.
function textOf(result) {
  check(!result.isError, `a result, not: ${JSON.stringify(result.content)}`);
  return result.content.map((part) => part.text).join('\n');
}

const byServer = Object.groupBy(ALL_TOOLS, ({ name }) => name.split('__')[1]);
text(`This cell can call ${ALL_TOOLS.length} tools:`);
for (const [server, found] of Object.entries(byServer)) text(`  ${server}: ${found.length}`);

// Calls are promises. Those that do not need each other go out together.
const [echo, sum, weather, listing, manifest] = await Promise.all([
  tools.mcp__everything__echo({ message: 'hello from a cell' }),
  tools.mcp__everything__get_sum({ a: 20, b: 22 }),
  tools.mcp__everything__get_structured_content({ location: 'Chicago' }),
  tools.mcp__files__list_directory({ path: '.' }),
  tools.mcp__files__read_text_file({ path: 'package.json' }),
]);

// The program keeps what it needs; the rest never reaches the model.
const { name, version, dependencies } = JSON.parse(textOf(manifest));
const { temperature, conditions } = weather.structuredContent;
const folders = textOf(listing).match(/^\[DIR\] .+$/gm) ?? [];
check(textOf(echo).endsWith('hello from a cell'), 'its own words back');
check(textOf(sum).includes('42'), '20 + 22 = 42');
check(typeof temperature === 'number', 'a temperature');
check(name === 'cellhost', 'to be run from the root of the project');
check(folders.includes('[DIR] examples'), 'the folder it lies in');

text('\nFive calls at once, to two servers:');
text(`  echo      ${textOf(echo)}`);
text(`  sum       ${textOf(sum)}`);
text(`  weather   Chicago: ${temperature} °C, ${conditions}`);
text(`  folders   ${folders.length} of ${textOf(listing).split('\n').length} entries are folders`);
text(`  manifest  ${name} ${version} has ${Object.keys(dependencies).length} dependencies`);

// Results in the order they come, and failures among them.
text('\nSlow calls, as they finish:');
const seconds = [0.6, 0.2, 0.4];
const calls = seconds.map((duration) =>
  tools.mcp__everything__trigger_long_running_operation({ duration, steps: 1 }),
);
const order = [];
for await (const { index, status } of as_settled([
  ...calls,
  tools.mcp__files__list_directory('?'),
])) {
  order.push(index);
  text(index < 3 ? `  ${seconds[index]} s  ${status}` : `  a wrong argument  ${status}`);
}
check(order.join() === '3,1,2,0', `the quickest first, not ${order.join()}`);

// A tool's own failure is a value with `isError`, because the server answered.
const outside = await tools.mcp__files__read_text_file({ path: '/etc/hostname' });
check(outside.isError === true, 'the files server to refuse what is outside this folder');
text(`\nOutside its folder, the files server says: ${outside.content[0].text.split(' - ')[0]}`);

const { content: parts } = await tools.mcp__everything__get_tiny_image({});
const picture = parts.find(({ type }) => type === 'image');
check(picture?.mimeType === 'image/png', 'a picture');
text('\nAnd a picture, for the model to see:');
image(picture);

notify('The tour is over');
