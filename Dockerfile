# One image for every role; the command says which: api, worker or migrate.
FROM node:20-slim AS build
WORKDIR /app
ENV PRISMA_SCHEMA_ENGINE_BINARY=/usr/local/bin/node CHECKPOINT_DISABLE=1
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --no-audit --no-fund
COPY . .
RUN node bin/set-up.mjs && npm prune --omit=dev --omit=optional --no-audit --no-fund

FROM node:20-slim
WORKDIR /app
ENV NODE_ENV=production MARQUEE_HOME=/var/lib/marquee HOST=0.0.0.0
RUN mkdir -p /var/lib/marquee && chown node:node /var/lib/marquee
COPY --from=build /app/package.json ./
COPY --from=build /app/bin/marquee.mjs ./bin/
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/prisma ./prisma
COPY --from=build /app/schema.graphql ./
USER node
VOLUME /var/lib/marquee
EXPOSE 4000
# Asked of the API alone; compose.yaml switches it off for the other roles.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4000/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/marquee.mjs"]
CMD ["api"]
