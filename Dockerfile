# One image for every role; the command says which: api (the default), worker, migrate, or any other of `marquee --help`.
FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --no-audit --no-fund
COPY . .
# The optional packages are the embedded Postgres; here the database is another container's.
RUN node bin/set-up.mjs && npm prune --omit=dev --omit=optional --no-audit --no-fund

FROM node:20-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4000 \
    MARQUEE_HOME=/var/lib/marquee
WORKDIR /app
COPY --from=build /app/package.json /app/schema.graphql ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/prisma ./prisma
COPY --from=build /app/bin/marquee.mjs ./bin/marquee.mjs
COPY --from=build /app/dist ./dist
RUN install -d -o node -g node /var/lib/marquee /var/lib/marquee/inbox /var/lib/marquee/files
USER node
VOLUME /var/lib/marquee
EXPOSE 4000
STOPSIGNAL SIGTERM
# Alive, not ready: a restart does not help an API whose database is away. Other roles than the API switch this off.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/marquee.mjs"]
CMD ["api"]
