//! Files of a store that say where addresses are: tables, lists and databases, all of them optional.

use weir_features::login::{BadPlaces, Places};

use crate::keys;
use crate::score::ScoreError;
use crate::store::Store;

/// Reads the files of a store that say where addresses are; none by default.
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

/// Fails where a database turned out to be damaged while it was used.
pub(super) fn check_places(places: &Places) -> Result<(), ScoreError> {
    match places.fault() {
        Some((key, error)) => Err(ScoreError::Places { key: key.to_owned(), error: error.clone() }),
        None => Ok(()),
    }
}
