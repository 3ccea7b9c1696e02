interface Shape { area(): number }

export class Circle {
  /** The area of the circle. */
  @cached()
  public area(): number {
    // pi times the squared radius
    return Math.PI * this.r ** 2;
  }
}
