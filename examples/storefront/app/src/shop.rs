//! Products and orders: the queries, and nothing about how they are asked for or shown.

use rusqlite::{Connection, OptionalExtension};

use crate::error::Error;
use crate::schema;

pub struct Product {
    pub id: i64,
    pub name: String,
    pub cents: i64,
}

pub struct Order {
    pub id: i64,
    pub product: String,
    pub placed: String,
    /// Absent before the schema has it.
    pub status: Option<String>,
}

pub fn products(connection: &Connection) -> Result<Vec<Product>, Error> {
    let mut statement = connection.prepare("SELECT id, name, cents FROM products ORDER BY id")?;
    let products =
        statement.query_map([], |row| Ok(Product { id: row.get(0)?, name: row.get(1)?, cents: row.get(2)? }))?;
    Ok(products.collect::<Result<_, _>>()?)
}

pub fn orders(connection: &mut Connection) -> Result<Vec<Order>, Error> {
    // The version and the rows are read in one transaction: a migration may come at any time.
    let transaction = connection.transaction()?;
    let status = if schema::version(&transaction)? >= schema::ORDERS_HAVE_STATUS { "orders.status" } else { "NULL" };
    let mut statement = transaction.prepare(&format!(
        "SELECT orders.id, products.name, orders.placed, {status}
         FROM orders JOIN products ON products.id = orders.product ORDER BY orders.id"
    ))?;
    let orders = statement.query_map([], |row| {
        Ok(Order { id: row.get(0)?, product: row.get(1)?, placed: row.get(2)?, status: row.get(3)? })
    })?;
    Ok(orders.collect::<Result<_, _>>()?)
}

/// The number of the new order, or `None` if there is no such product.
pub fn place_order(connection: &Connection, product: i64) -> Result<Option<i64>, Error> {
    let order = connection
        .query_row(
            "INSERT INTO orders (product) SELECT id FROM products WHERE id = ?1 RETURNING id",
            [product],
            |row| row.get(0),
        )
        .optional()?;
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database;
    use crate::testing::Folder;

    #[test]
    fn the_shop_works_with_every_schema_that_is_served() {
        for version in schema::OLDEST_SERVED..=schema::LATEST {
            let folder = Folder::new(&format!("shop-{version}"));
            let file = folder.path("shop.db");
            schema::up(&file, version).unwrap();
            let mut connection = database::open(&file).unwrap();
            assert_eq!(products(&connection).unwrap().len(), 3);
            assert_eq!(place_order(&connection, 1).unwrap(), Some(1));
            let orders = orders(&mut connection).unwrap();
            assert_eq!(orders[0].status.is_some(), version >= schema::ORDERS_HAVE_STATUS);
        }
    }

    #[test]
    fn what_is_not_sold_cannot_be_ordered() {
        let folder = Folder::new("shop-unknown");
        let file = folder.path("shop.db");
        schema::up(&file, 1).unwrap();
        assert_eq!(place_order(&database::open(&file).unwrap(), 9).unwrap(), None);
    }
}
