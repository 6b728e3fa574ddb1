-- Whether every customer has an address in the new column: `f`, too, where there is no such column.
select count(*) = 1 as there from information_schema.columns
  where table_name = 'customers' and column_name = 'email' \gset
\if :there
select count(*) = 0 from customers where email is null;
\else
select false;
\endif
