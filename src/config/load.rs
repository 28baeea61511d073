//! From the sources to one `Config`.
//!
//! Layers, later ones winning: the embedded defaults, the user's file, secrets of the service manager, the environment.
//! Every layer is checked by itself, so that an error can say where the value stands; `config` lays them over each other.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use config::ValueKind;

use super::Config;
use super::fault::{ConfigError, Place};
use super::layer::{Layer, PREFIX};
use crate::paths::{Paths, open_file};

/// The embedded reference: every key, its default and what it means.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// A configuration is a page or two; what is larger is something else.
const LARGEST: u64 = 1024 * 1024;

/// Files in `$CREDENTIALS_DIRECTORY` that are looked for.
const CREDENTIALS: [&str; 3] = ["punchplay.client_id", "discovr.client_id", "tmdb.api_key"];

/// Where configuration comes from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The user's file.
    pub file: PathBuf,
    /// It was named by hand: it must be there.
    pub required: bool,
    /// `REELD__…` variables.
    pub variables: Vec<(String, String)>,
    /// What `~/` stands for.
    pub home: Option<PathBuf>,
    /// `$CREDENTIALS_DIRECTORY`
    pub credentials: Option<PathBuf>,
}

impl Sources {
    /// Those of this process.
    #[must_use]
    pub fn from_process(paths: &Paths) -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| {
                let name = name.into_string().ok()?;
                let ours = name.starts_with(PREFIX);
                ours.then(|| (name, value.to_string_lossy().into_owned()))
            })
            .collect();
        Self {
            file: paths.config_file.clone(),
            required: paths.config_required,
            variables,
            home: paths.home.clone(),
            credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
        }
    }
}

/// A key with its value and where that came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// As given.
    pub value: ValueKind,
    /// By whom.
    pub place: Place,
}

/// A configuration and how it came about.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// In force.
    pub config: Config,
    /// Every key, as it was given.
    pub settings: BTreeMap<&'static str, Setting>,
    /// The user's file was there.
    pub file_exists: bool,
}

/// Reads all sources.
///
/// # Errors
/// With everything that is wrong in them.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let text = read_file(&sources.file, sources.required)?;
    let mut layers = vec![Layer::from_toml(DEFAULTS, None)];
    if let Some(text) = &text {
        layers.push(Layer::from_toml(text, Some(&sources.file)));
    }
    for key in CREDENTIALS {
        let Some(folder) = &sources.credentials else {
            break;
        };
        let file = folder.join(key);
        if let Some(text) = read_file(&file, false)? {
            layers.push(Layer::from_credential(key, &text, &file));
        }
    }
    let variables = sources.variables.iter();
    layers.push(Layer::from_variables(
        variables.map(|(name, value)| (name.as_str(), value.as_str())),
    ));
    let (mut config, settings) = merge(layers)?;
    if let Some(home) = &sources.home {
        config.expand(home);
    }
    Ok(Loaded {
        config,
        settings,
        file_exists: text.is_some(),
    })
}

type Settings = BTreeMap<&'static str, Setting>;

fn merge(layers: Vec<Layer>) -> Result<(Config, Settings), ConfigError> {
    let faults: Vec<_> = layers
        .iter()
        .flat_map(|layer| layer.faults.clone())
        .collect();
    if !faults.is_empty() {
        return Err(ConfigError { faults });
    }
    let mut settings = Settings::new();
    let mut builder = config::Config::builder();
    for layer in layers {
        for given in &layer.given {
            let value = given.value.clone();
            let place = given.place.clone();
            settings.insert(given.key, Setting { value, place });
        }
        builder = builder.add_source(layer);
    }
    // Every key was checked by its rule: an error here is a rule that says less than the type.
    let config = builder
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(|error| ConfigError::of_file(Path::new("configuration"), error.to_string()))?;
    Ok((config, settings))
}

pub(super) fn read_file(path: &Path, required: bool) -> Result<Option<String>, ConfigError> {
    let refuse = |problem: String| Err(ConfigError::of_file(path, problem));
    let file = match open_file(path) {
        Ok(file) => file,
        // A folder on the way that is a file is as good as no file.
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
                && !required =>
        {
            return Ok(None);
        }
        Err(error) => return refuse(format!("cannot be opened: {error}")),
    };
    let mut bytes = Vec::new();
    if let Err(error) = file.take(LARGEST + 1).read_to_end(&mut bytes) {
        return refuse(format!("cannot be read: {error}"));
    }
    if bytes.len() as u64 > LARGEST {
        return refuse("is larger than 1 MiB; that is no configuration".to_owned());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let before = error.as_bytes().get(..at).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            refuse(format!("line {line} is not UTF-8"))
        }
    }
}

impl Config {
    /// Replaces a leading `~/` in everything that is a path.
    fn expand(&mut self, home: &Path) {
        let lists = [
            &mut self.mpv.sockets,
            &mut self.privacy.ignore_paths,
            &mut self.privacy.only_paths,
        ];
        for path in lists.into_iter().flatten() {
            let expanded = match path.strip_prefix('~') {
                Some("") => home.to_owned(),
                Some(rest) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
                _ => continue,
            };
            *path = expanded.to_string_lossy().into_owned();
        }
    }
}
