-- What has been in use for years, before anybody wrote a release file.
create table customers (id serial primary key, name text not null, mail text not null unique);
insert into customers (name, mail) values
  ('Ada', 'Ada@Example.com'),
  ('Grace', ' grace@example.com'),
  ('Edsger', 'edsger@example.com');
