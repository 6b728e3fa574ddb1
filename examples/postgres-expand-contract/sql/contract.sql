-- What nobody uses any more. The addresses as people once typed them are lost with it.
drop trigger customers_follow on customers;
drop function customers_follow();
drop table old_writes;
alter table customers drop mail;
alter table customers alter email set not null;
alter table customers add unique (email);
