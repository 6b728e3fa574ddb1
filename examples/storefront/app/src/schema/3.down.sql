DROP INDEX orders_by_product;
