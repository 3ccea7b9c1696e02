class Box {
    /**
     * Puts one thing inside.
     * @param thing what to put
     */
    @Override
    public void put(Thing thing) {
        // remember it for ever
        things.add(thing);
    }

    /** What is inside of it. */
    abstract Thing get();
}
