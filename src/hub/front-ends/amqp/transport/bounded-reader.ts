/** The part of rhea's reader that says how many elements a list, map or array has. */
export interface RheaReader {
  read_size_count(width: number): { readonly size: number; readonly count: number };
  remaining(): number;
}

const bounded = new WeakSet();

/**
 * Keeps rhea from believing a count that cannot be true. An element takes a byte at least, but rhea reads as many as are
 * announced: ten bytes with 4 billion elements that take none, `null` for one, fill the memory of the hub, and anybody may
 * send them before they have said who they are. An array of such elements has no other use.
 */
export function boundReader({ prototype }: { readonly prototype: RheaReader }): void {
  if (bounded.has(prototype)) return;
  bounded.add(prototype);
  const readSizeCount = Reflect.get(prototype, 'read_size_count');
  prototype.read_size_count = function (this: RheaReader, width) {
    const announced = readSizeCount.call(this, width);
    if (announced.count <= this.remaining()) return announced;
    throw new RangeError(`${announced.count} elements are announced in ${this.remaining()} bytes`);
  };
}
