//! Reads the optional files of a store with the networks and locations of addresses: tables, lists and databases.

use weir_features::login::{BadPlaces, Places};

use crate::keys;
use crate::score::ScoreError;
use crate::store::Store;

/// Reads all such files of a store; empty if there are none.
pub(super) async fn load_places(state: &impl Store) -> Result<Places, ScoreError> {
    let mut places = Places::none();
    for (key, read) in [
        (keys::PLACES, Places::read_table as fn(&mut Places, &str) -> Result<(), BadPlaces>),
        (keys::NETWORKS, Places::read_list),
    ] {
        let Some(object) = state.get(key).await? else { continue };
        let text = String::from_utf8_lossy(&object.bytes);
        read(&mut places, &text).map_err(|error| ScoreError::Places { key: key.to_owned(), error })?;
    }
    for key in [keys::CITY_DATABASE, keys::ASN_DATABASE] {
        let Some(object) = state.get(key).await? else { continue };
        places.read_database(key, object.bytes).map_err(|error| ScoreError::Places { key: key.to_owned(), error })?;
    }
    Ok(places)
}

/// Fails if a look-up met a damaged record of a database.
pub(super) fn check_places(places: &Places) -> Result<(), ScoreError> {
    match places.fault() {
        Some((key, error)) => Err(ScoreError::Places { key: key.to_owned(), error: error.clone() }),
        None => Ok(()),
    }
}
