// a button that says hello
export const Hello = () => {
  // ask for the name first
  const name = useName();
  return <button>{name}</button>;
};
