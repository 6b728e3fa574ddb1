//! The way up and down again.

use super::*;
use crate::shop;
use crate::testing::Folder;

/// Everything that SQLite knows about the schema, as text.
fn text(path: &Path) -> Vec<String> {
    let connection = database::open(path).unwrap();
    let mut statement = connection
        .prepare("SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn down_restores_the_schema_exactly() {
    let folder = Folder::new("schema-down");
    let file = folder.path("shop.db");
    let mut seen = Vec::new();
    for to in 0..=LATEST {
        up(&file, to).unwrap();
        if to == 0 {
            database::open_or_create(&file).unwrap();
        }
        seen.push(text(&file));
    }
    for to in (0..LATEST).rev() {
        down(&file, to).unwrap();
        assert_eq!(version_of_file(&file).unwrap(), to);
        assert_eq!(text(&file), seen[to as usize], "down to {to}");
    }
}

#[test]
fn orders_survive_the_way_up_and_down() {
    let folder = Folder::new("schema-orders");
    let file = folder.path("shop.db");
    up(&file, 1).unwrap();
    shop::place_order(&database::open(&file).unwrap(), 2).unwrap();
    up(&file, LATEST).unwrap();
    down(&file, 1).unwrap();
    let orders = shop::orders(&mut database::open(&file).unwrap()).unwrap();
    assert_eq!(orders.len(), 1);
}

#[test]
fn what_is_done_already_is_not_done_again() {
    let folder = Folder::new("schema-again");
    let file = folder.path("shop.db");
    up(&file, 2).unwrap();
    up(&file, 2).unwrap();
    down(&file, 1).unwrap();
    down(&file, 1).unwrap();
    assert_eq!(version_of_file(&file).unwrap(), 1);
}

#[test]
fn the_wrong_direction_is_refused() {
    let folder = Folder::new("schema-direction");
    let file = folder.path("shop.db");
    up(&file, 2).unwrap();
    assert!(matches!(up(&file, 1), Err(Error::SchemaIsAhead { at: 2, to: 1 })));
    assert!(matches!(down(&file, 3), Err(Error::SchemaIsBehind { at: 2, to: 3 })));
    assert!(matches!(up(&file, LATEST + 1), Err(Error::UnknownSchema(_))));
    assert_eq!(version_of_file(&file).unwrap(), 2);
}

#[test]
fn a_file_that_is_not_there_is_version_zero_and_stays_so() {
    let folder = Folder::new("schema-absent");
    let file = folder.path("shop.db");
    assert_eq!(version_of_file(&file).unwrap(), 0);
    down(&file, 0).unwrap();
    assert!(!file.exists());
}
