CREATE TABLE products (
  id    INTEGER PRIMARY KEY,
  name  TEXT    NOT NULL,
  cents INTEGER NOT NULL
);
CREATE TABLE orders (
  id      INTEGER PRIMARY KEY,
  product INTEGER NOT NULL REFERENCES products (id),
  placed  TEXT    NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO products (id, name, cents) VALUES
  (1, 'Windlass', 12900),
  (2, 'Mooring rope, 10 m', 2450),
  (3, 'Lock key', 1800);
