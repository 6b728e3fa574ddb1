-- `email` beside `mail`. A column that may be empty is there at once, however large the table is.
alter table customers add email text;
alter table customers alter mail drop not null;

-- When a program last wrote the old column alone: as long as one does, the column cannot go.
create table old_writes (at timestamptz not null default now());

-- Whichever of the two a program writes, the other one follows.
create function customers_follow() returns trigger language plpgsql as $$
begin
  if new.email is null or (tg_op = 'UPDATE' and new.email is not distinct from old.email
                           and new.mail is distinct from old.mail) then
    new.email := lower(trim(new.mail));
    insert into old_writes default values;
  else
    new.mail := new.email;
  end if;
  return new;
end
$$;
create trigger customers_follow before insert or update of mail, email on customers
  for each row execute function customers_follow();
