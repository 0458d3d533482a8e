/** `npm start`: the four stories of Microsoft's tutorials on a hub of their own, in under a minute, with no Azure account. */
import { configurationStory } from './stories/configuration.js';
import { directMethodStory } from './stories/direct-method.js';
import { rebootStory } from './stories/reboot.js';
import { say, Stage, title } from './stories/stage.js';
import { twinsStory } from './stories/twins.js';

const stage = new Stage();
process.once('SIGINT', () => {
  void stage.close().finally(() => process.exit(130));
});
try {
  title('A local IoT hub');
  const hub = stage.start(
    'hub-admin',
    ['hub', '--in-memory', '--https-port', '0', '--mqtt-port', '0', '--amqp-port', '0'],
    'hub',
  );
  await hub.sees(/ready/);
  say();
  const device = await twinsStory(stage);
  await directMethodStory(stage, device);
  await configurationStory(stage, device);
  await rebootStory(stage, device);
  title('That was all of it, on this machine alone');
  say('Try it yourself, each in a terminal of its own:');
  say('  node bin/sim-device.js                      a device; it starts a local hub when none is running');
  say('  node bin/hub-admin.js reboot myDeviceId     reboot it');
  say('  node bin/hub-admin.js --help                what else an operator does all day');
  say('Against Azure: put two connection strings into .env, see .env.example.');
} catch (error) {
  say(`The stories failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  await stage.close();
}
