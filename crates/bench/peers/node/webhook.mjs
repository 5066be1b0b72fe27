// The action as a webhook on loopback; prints its address, and ends when its standard input closes.
import { createServer } from 'node:http';
import vm from 'node:vm';
import { sign, source } from './host.mjs';

const context = vm.createContext({ sign });
vm.runInContext(source, context);
const decide = vm.runInContext('onLogin', context);

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = JSON.stringify(decide(JSON.parse(Buffer.concat(parts))));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${server.address().port}`));
process.stdin.resume().on('end', () => process.exit(0));
