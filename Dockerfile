# The service in an image of its own. Templates and migrations are compiled into the program.

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
USER gangway
EXPOSE 4000
# The program drains on this signal; a longer stop timeout than its lease is never needed.
STOPSIGNAL SIGTERM
ENTRYPOINT ["gangway"]
CMD ["serve"]
