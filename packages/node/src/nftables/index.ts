export { nftFilter } from './nft-filter.ts';
