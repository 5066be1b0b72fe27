//! Turns a partner's project into one plugin file: the toolchains of its language, the component, the manifest.
