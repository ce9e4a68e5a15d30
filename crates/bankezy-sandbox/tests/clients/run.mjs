// run.mjs LABEL=READYFILE...: makes all calls of docs/sandbox.md; `strict` in a label says how the emulator was started.
import { Client } from './client.mjs'
import { calls } from './calls.mjs'
import { console as checkConsole } from './console.mjs'

for (const arg of process.argv.slice(2)) {
  const i = arg.indexOf('=')
  const client = new Client(arg.slice(0, i), arg.slice(i + 1))
  await calls(client)
  await checkConsole(client)
  console.log(`${client.label.padEnd(22)} ${client.lines} checks passed`)
}
