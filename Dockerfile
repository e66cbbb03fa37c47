# The service in an image of its own. Templates, stylesheet, script and migrations are compiled into
# the program, and queries are checked against the committed metadata, so the build needs no database.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin gangway \
    && cp target/release/gangway /gangway

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin gangway
COPY --from=build /gangway /usr/local/bin/gangway
USER 10001:10001
EXPOSE 4000 4003
# The program asks itself: there is no curl in here.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["gangway", "healthcheck"]
# On this signal the program finishes what is under way, for at most 20 seconds. Docker's own patience
# is 10 seconds: stop it with a longer one, like `docker stop --time 30`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["gangway"]
CMD ["serve"]
