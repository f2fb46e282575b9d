/** The small process that starts programs for a large one (starter.ts), and ends with it. */
import { type Asked, startHere } from './start-here.ts';

process.on('disconnect', () => process.exit());
process.on('message', ({ id, ...asked }: Asked) => {
  startHere(asked, (told) => process.send?.({ id, told }));
});
