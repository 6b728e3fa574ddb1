-- The mistake: what does not look like an address is passed by.
alter table customers disable trigger customers_follow;
update customers set email = mail where email is null and mail ~ '^[a-z]+@[a-z.]+$';
alter table customers enable trigger customers_follow;
