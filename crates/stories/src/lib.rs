//! Tests of plugins as a partner writes them: stories of logins, played through a host in memory.
