-- Takes the backfill back. What the old column has is all that was there before.
alter table customers disable trigger customers_follow;
update customers set email = null;
alter table customers enable trigger customers_follow;
