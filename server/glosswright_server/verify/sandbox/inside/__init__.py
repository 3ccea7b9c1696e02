"""What runs on the other side of the wall. Nothing here is imported by the server: the files are given to an interpreter,
and import nothing but what every interpreter has."""
